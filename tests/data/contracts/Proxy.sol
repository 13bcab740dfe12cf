// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @dev Examples for tests; they have faults on purpose. Never deploy them.
library StorageSlot {
    struct AddressSlot {
        address value;
    }

    function getAddressSlot(bytes32 slot) internal pure returns (AddressSlot storage r) {
        assembly {
            r.slot := slot
        }
    }
}

contract Proxy {
    bytes32 internal constant IMPLEMENTATION_SLOT =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    bytes32 internal constant ADMIN_SLOT =
        0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103;

    event Upgraded(address indexed implementation);
    event AdminChanged(address previousAdmin, address newAdmin);

    constructor(address logic, bytes memory setup) payable {
        StorageSlot.getAddressSlot(ADMIN_SLOT).value = msg.sender;
        _upgradeTo(logic);
        if (setup.length > 0) {
            (bool ok, ) = logic.delegatecall(setup);
            require(ok, "Proxy: setup failed");
        }
    }

    modifier ifAdmin() {
        if (msg.sender == StorageSlot.getAddressSlot(ADMIN_SLOT).value) {
            _;
        } else {
            _delegate(StorageSlot.getAddressSlot(IMPLEMENTATION_SLOT).value);
        }
    }

    function upgradeTo(address logic) external ifAdmin {
        _upgradeTo(logic);
    }

    function upgradeToAndCall(address logic, bytes calldata setup) external payable ifAdmin {
        _upgradeTo(logic);
        (bool ok, bytes memory reason) = logic.delegatecall(setup);
        if (!ok) {
            assembly {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    function changeAdmin(address next) external ifAdmin {
        address previous = StorageSlot.getAddressSlot(ADMIN_SLOT).value;
        StorageSlot.getAddressSlot(ADMIN_SLOT).value = next;
        emit AdminChanged(previous, next);
    }

    function _upgradeTo(address logic) internal {
        require(logic.code.length > 0, "Proxy: not a contract");
        StorageSlot.getAddressSlot(IMPLEMENTATION_SLOT).value = logic;
        emit Upgraded(logic);
    }

    function _delegate(address logic) internal {
        assembly {
            calldatacopy(0, 0, calldatasize())
            let result := delegatecall(gas(), logic, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch result
            case 0 {
                revert(0, returndatasize())
            }
            default {
                return(0, returndatasize())
            }
        }
    }

    fallback() external payable {
        _delegate(StorageSlot.getAddressSlot(IMPLEMENTATION_SLOT).value);
    }

    receive() external payable {
        _delegate(StorageSlot.getAddressSlot(IMPLEMENTATION_SLOT).value);
    }
}

contract TreasuryV1 {
    address public keeper;
    uint256 public spendingLimit;
    bool private _initialized;

    function initialize(address firstKeeper, uint256 limit) external {
        require(!_initialized, "Treasury: initialized");
        keeper = firstKeeper;
        spendingLimit = limit;
        _initialized = true;
    }

    function spend(address payable to, uint256 amount) external {
        require(msg.sender == keeper, "Treasury: not the keeper");
        require(amount <= spendingLimit, "Treasury: over the limit");
        to.transfer(amount);
    }

    function destroy() external {
        selfdestruct(payable(keeper));
    }
}

contract TreasuryV2 {
    uint256 public spendingLimit;
    address public keeper;
    bool private _initialized;
    mapping(address => uint256) public spent;

    function initialize(address firstKeeper, uint256 limit) external {
        require(!_initialized, "Treasury: initialized");
        keeper = firstKeeper;
        spendingLimit = limit;
        _initialized = true;
    }

    function spend(address payable to, uint256 amount) external {
        require(msg.sender == keeper, "Treasury: not the keeper");
        require(spent[to] + amount <= spendingLimit, "Treasury: over the limit");
        spent[to] += amount;
        (bool success, ) = to.call{value: amount}("");
        require(success, "Treasury: payment failed");
    }
}
